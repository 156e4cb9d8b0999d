import Control
import Core
import Mesh

/// What is wrong with a running node: causes, not symptoms.
struct NodeDiagnosis {
    /// A clock that is off by more than this is reported.
    static let clockOffsetMax = Duration.seconds(60)
    /// Less free space than this is a warning.
    static let freeBytesMin: UInt64 = 1 << 30

    let parts: NodeParts

    func findings() -> [Finding] {
        [clock, disk, lent, members, reachability, copies]
    }

    private var clock: Finding {
        let offset = parts.mesh.read { $0.mesh.clockOffset }
        guard abs(offset.wholeMilliseconds) > Self.clockOffsetMax.wholeMilliseconds else {
            return Finding("clock", .fine, "This machine's clock agrees with the mesh.")
        }
        let seconds = offset.components.seconds
        return Finding(
            "clock",
            .problem,
            "This machine's clock is \(abs(seconds)) s \(seconds > 0 ? "behind" : "ahead of") the mesh's.",
            advice: "Set it, for example with: timedatectl set-ntp true"
        )
    }

    private var disk: Finding {
        let free = LentSpace.freeBytes(parts.base.folder.path)
        guard free < Self.freeBytesMin else {
            return Finding("disk", .fine, "\(free >> 30) GiB are free on the disk of \(parts.base.folder.path).")
        }
        return Finding(
            "disk",
            free < 64 << 20 ? .problem : .warning,
            "Only \(free >> 20) MiB are free on the disk of \(parts.base.folder.path).",
            advice: "Free some space, or lend less with --storage."
        )
    }

    private var lent: Finding {
        let used = parts.base.store.accounting.total
        let limit = parts.base.lent.storageBytes
        guard used > limit / 10 * 9 else {
            return Finding("lent space", .fine, "\(used >> 20) of \(limit >> 20) MiB lent are used.")
        }
        return Finding(
            "lent space",
            .warning,
            "\(used >> 20) of \(limit >> 20) MiB lent are used; new copies will be refused soon.",
            advice: "Lend more with --storage."
        )
    }

    private var members: Finding {
        let (alive, known) = parts.mesh.read { ($0.mesh.aliveCount, $0.mesh.members.count) }
        if known == 0 {
            return Finding(
                "mesh",
                .warning,
                "This node is alone; what it publishes is lost with it.",
                advice: "Invite others with: holdfast invite"
            )
        }
        guard alive > 0 else {
            return Finding(
                "mesh",
                .problem,
                "None of the \(known) other members answers.",
                advice: "Check this machine's network; if it moved, join again with a fresh invitation."
            )
        }
        return Finding("mesh", .fine, "\(alive) of \(known) other members are alive.")
    }

    /// Others have to connect to this node; that they did is the only proof that they can.
    private var reachability: Finding {
        let address = parts.network.server.address
        let (alive, heard) = parts.mesh.read { state in
            let others = state.mesh.members.filter(\.isAlive)
            return (others.count, others.count { $0.observation.address != nil })
        }
        guard alive > 0 else {
            return Finding("reachability", .fine, "Nobody is there yet who could connect to \(address).")
        }
        guard heard == 0 else {
            return Finding("reachability", .fine, "\(heard) other members connected to \(address).")
        }
        return Finding(
            "reachability",
            .problem,
            "No other member has connected to \(address) since this node started.",
            advice: "Open the port in the firewall, or announce the address that others see with --advertise."
        )
    }

    private var copies: Finding {
        let totals = parts.mesh.read { $0.repair.index.totals }
        guard totals.live < totals.target else {
            return Finding("copies", .fine, "\(totals.live) of \(totals.target) copies in the mesh are alive.")
        }
        return Finding(
            "copies",
            .warning,
            "\(totals.live) of \(totals.target) copies in the mesh are alive; the others are being made again.",
            advice: "Watch it with: holdfast status"
        )
    }
}
