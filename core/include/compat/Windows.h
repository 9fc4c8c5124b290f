/* Windows sources spell it <Windows.h>; file names matter here. */
#include "windows.h"
