#include "agent/service/wishes.h"
