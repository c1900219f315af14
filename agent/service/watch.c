#include "agent/service/watch.h"
