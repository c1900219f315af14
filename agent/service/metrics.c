#include "agent/service/metrics.h"
