import Core
import Mesh

/// The nodes of a simulated mesh by key, in the order in which they came; changed in place.
public struct SimulatedNodes: Sendable {
    private(set) var numbers: [NodeID: Int] = [:]
    public internal(set) var values: [SimulatedMesh.Node] = []

    public subscript(_ id: NodeID) -> SimulatedMesh.Node? { numbers[id].map { values[$0] } }

    func number(of id: NodeID) -> Int? { numbers[id] }

    mutating func set(_ node: SimulatedMesh.Node) -> Int {
        let id = node.identity.node.id
        if let number = numbers[id] {
            values[number] = node
            return number
        }
        numbers[id] = values.count
        values.append(node)
        return values.count - 1
    }
}

/// When which node wants to be woken; a node may be in it more often than it is woken.
struct WakeQueue: Sendable {
    private var numbers: [Instant: [Int]] = [:]
    private var instants = BinaryHeap<Instant>()

    var next: Instant? { instants.first }

    mutating func set(_ number: Int, at instant: Instant) {
        if numbers[instant] == nil { instants.insert(instant) }
        numbers[instant, default: []].append(number)
    }

    /// The nodes to look at, in the order in which they asked.
    mutating func due(at now: Instant) -> [Int] {
        var due: [Int] = []
        while let instant = instants.first, instant <= now {
            _ = instants.popFirst()
            due += numbers.removeValue(forKey: instant) ?? []
        }
        return due
    }
}
