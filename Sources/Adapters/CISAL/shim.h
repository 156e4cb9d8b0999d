// Intel ISA-L's erasure code only; the rest of the library stays out of sight.
#include <isa-l/erasure_code.h>
