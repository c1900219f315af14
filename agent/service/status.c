#include "agent/service/status.h"
