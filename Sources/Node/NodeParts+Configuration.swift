import Core
import Logging
import Mesh
import Objects
import Publishing
import Settings

/// What the configuration means to the engines.
extension NodeParts {
    static func engines(
        _ configuration: NodeConfiguration,
        _ base: NodeFoundation,
        _ network: NodeNetwork,
        _ held: HeldSites,
        _ devices: DeviceRegistry,
        _ variation: NodeVariation,
        now: Instant
    ) throws -> MeshState {
        var claims = claims(configuration, locators: network.locators, lent: base.lent)
        claims.unknown = variation.claims
        var machine = MeshMachine(
            genesis: base.founding.genesis,
            identity: .init(node: base.node, operator: base.operator, claims: claims),
            parameters: parameters(configuration),
            judge: NodeJudge(mesh: base.founding.genesis.mesh, devices: devices, variation: variation),
            contacts: base.founding.contacts,
            now: now
        )
        machine.quarantined = base.records.quarantined
        machine.watcher = RecordJournal(records: base.records)
        let repair = RepairMachine(
            node: base.node.id,
            settings: repairSettings(configuration),
            held: try held.load(),
            now: now
        )
        return MeshState(mesh: machine, repair: repair, devices: devices)
    }

    static func mesh(
        _ engines: MeshState,
        _ base: NodeFoundation,
        _ network: NodeNetwork,
        _ trial: RecordTrial?,
        _ logger: Logger
    ) -> MeshService {
        MeshService(state: engines, client: network.client, records: base.records, trial: trial, logger: logger)
    }

    static func claims(_ configuration: NodeConfiguration, locators: [Locator], lent: LentSpace) -> NodeClaims {
        NodeClaims(
            locators: locators,
            roles: [NodeClaims.gatewayRole] + (lent.storageBytes > 0 ? [NodeClaims.storageRole] : []),
            hosting: configuration.hosting,
            jurisdiction: configuration.jurisdiction,
            storageBytes: UInt64(clamping: lent.storageBytes),
            software: "holdfast/\(Release.version)"
        )
    }

    static func parameters(_ configuration: NodeConfiguration) -> MeshParameters {
        var parameters = MeshParameters()
        parameters.probePeriod = configuration.probeInterval
        parameters.probeTimeout = min(parameters.probeTimeout, configuration.probeInterval)
        parameters.suspicionTimeout = min(parameters.suspicionTimeout, configuration.probeInterval * 3)
        return parameters
    }

    /// The delays of segment repair follow the configured one where that is shorter than its default.
    static func segmentRepairSettings(_ configuration: NodeConfiguration) -> SegmentRepairSettings {
        var settings = SegmentRepairSettings()
        settings.bytesPerSecondMax = UInt64(configuration.repairBytesPerSecond)
        let delay = configuration.repairDelay
        guard delay < settings.grace else {
            settings.grace = delay
            settings.slowDown()
            return settings
        }
        settings.grace = delay
        settings.settleDelay = min(settings.settleDelay, delay * 2)
        settings.takeoverDelay = min(settings.takeoverDelay, max(delay, .seconds(1)))
        settings.surplusGrace = min(settings.surplusGrace, delay * 10)
        settings.retryFirst = min(settings.retryFirst, max(delay, .milliseconds(500)))
        settings.transferRateMin = fastTransferRate
        settings.slowDown()
        return settings
    }

    /// Bytes a second that copies are expected to make where somebody wants them made again within seconds.
    private static let fastTransferRate: UInt64 = 128 << 20

    /// The other delays of repair follow the one that is configured, in the proportions of their defaults.
    static func repairSettings(_ configuration: NodeConfiguration) -> RepairSettings {
        var settings = RepairSettings()
        let delay = configuration.repairDelay
        guard delay < settings.repairDelay else {
            settings.repairDelay = delay
            return settings
        }
        settings.repairDelay = delay
        settings.urgentDelay = min(settings.urgentDelay, delay)
        settings.rankStep = min(settings.rankStep, delay)
        settings.recheckInterval = min(settings.recheckInterval, max(delay, .seconds(1)))
        settings.surplusGrace = min(settings.surplusGrace, delay * 10)
        settings.retryFirst = min(settings.retryFirst, max(delay, .milliseconds(500)))
        settings.transferRateMin = fastTransferRate
        return settings
    }
}
