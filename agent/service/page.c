#include "agent/service/page.h"
