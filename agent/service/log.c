#include "agent/service/log.h"
