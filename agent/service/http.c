#include "agent/service/http.h"
