import Core
import Drill
import Mesh
import Placement

/// The mesh as a drill sees it: who is in it, who fails together, and what this machine calls them.
struct DrillMesh: Sendable {
    /// Every node of the directory, this one included, and those believed dead.
    let domains: DomainMap
    /// Those that are not dead, in key order.
    let alive: [NodeID]
    let node: NodeID
    /// Names that this machine has for operators.
    let operators: [String: OperatorID]

    init(_ parts: NodeParts) {
        let (candidates, alive) = parts.mesh.read { state in
            let own = state.mesh.member(state.mesh.node)
            let members = state.mesh.members.filter { $0.node != state.mesh.node } + (own.map { [$0] } ?? [])
            return (
                members.map { PlacementCandidate($0) },
                members.filter { $0.observation.status != .dead }.map(\.node).sorted()
            )
        }
        domains = DomainMap(candidates)
        self.alive = alive
        node = parts.mesh.node
        operators = [parts.configuration.operatorName: parts.base.operator.id]
    }

    /// What a domain is called in answers: an operator by its name here, if it has one.
    func title(_ kind: DomainKind, _ name: String) -> String {
        guard kind == .operator else { return name }
        return operators.first { $0.value.description == name }?.key ?? name
    }
}
