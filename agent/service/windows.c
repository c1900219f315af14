#include "agent/service/windows.h"
