#include "agent/service/control.h"
