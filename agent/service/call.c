#include "agent/service/call.h"
