import Testing

/// Tests of the program as its user meets it: real processes, ports, signals and disks.
///
/// One after the other, since a machine with two cores starts up to eight nodes for each.
@Suite(.serialized)
struct SystemTests {}
