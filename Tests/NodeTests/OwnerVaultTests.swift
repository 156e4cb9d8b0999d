import Core
import FileFaults
import Foundation
import Node
import Owners
import TestFolders
import Testing

/// "Fail operation n, for every n" over the owner's keys: who was told that they are kept finds them again.
struct OwnerVaultTests {
    private typealias Fault = FaultyFileSystem.Fault

    /// What a run of commands was told before a file operation failed.
    private struct Told {
        var owner: OwnerID?
        var device: DeviceID?
        var hasPhrase = false
        var failures = 0
    }

    /// A machine that becomes a device first, and gets its owner's phrase later.
    private static let phrase: RecoveryPhrase = {
        var rng = SplitMix64(seed: 77)
        return .generate(using: &rng)
    }()

    private static func invitation() throws -> DeviceInvitation {
        let secrets = OwnerSecrets(phrase)
        let device: SigningKey<DeviceRole> = signingKey(78)
        return DeviceInvitation(
            reading: secrets.reading,
            device: device,
            certificate: try DeviceCertificate(
                device: device.id,
                name: "laptop",
                state: .active,
                version: 1,
                owner: secrets.signing
            )
        )
    }

    private func create(_ vault: OwnerVault) -> Told {
        var told = Told()
        // A user tries again.
        for _ in 0..<2 where told.owner == nil {
            do {
                let identity = try vault.readOrCreate(deviceName: "here").identity
                told.owner = identity.owner
                told.device = identity.device.id
                told.hasPhrase = identity.phrase != nil
            } catch { told.failures += 1 }
        }
        return told
    }

    private func acceptAndRecover(_ vault: OwnerVault) throws -> Told {
        var told = Told()
        do {
            told.owner = try vault.accept(Self.invitation()).owner
        } catch { told.failures += 1 }
        do {
            let identity = try vault.recover(Self.phrase, deviceName: "here")
            told.owner = identity.owner
            told.device = identity.device.id
            told.hasPhrase = true
        } catch { told.failures += 1 }
        return told
    }

    /// - Parameter keepsUnsynchronized: Whether the disk has also what was never synchronized.
    private func sweep(
        _ fault: Fault,
        keepsUnsynchronized: Bool,
        _ commands: (OwnerVault) throws -> Told
    ) throws -> Int {
        var operation = 0
        while true {
            let replay: Comment = "replay: \(fault) at operation \(operation), all kept: \(keepsUnsynchronized)"
            let folder = try TemporaryFolder()
            defer { withExtendedLifetime(folder) {} }
            let (path, after) = (folder.path + "/owner", folder.path + "/after")
            let files = FaultyFileSystem(fault, at: operation)
            let told = try commands(OwnerVault(folder: path, files: files))
            if keepsUnsynchronized {
                if FileManager.default.fileExists(atPath: path) {
                    try FileManager.default.copyItem(atPath: path, toPath: after)
                }
            } else {
                try SmallFile.makeFolder(after)
                for (name, bytes) in files.surviving(of: path) { try SmallFile.write(bytes, to: after + "/" + name) }
            }
            let found = try OwnerVault(folder: after).identity
            if let owner = told.owner { #expect(found?.owner == owner, replay) }
            if let device = told.device { #expect(found?.device.id == device, replay) }
            if told.hasPhrase { #expect(found?.phrase != nil, replay) }
            // And goes on.
            let later = try OwnerVault(folder: after).readOrCreate(deviceName: "later").identity
            if let found { #expect(later.device.id == found.device.id, replay) }
            guard files.hasFailed else {
                #expect(told.failures == 0)
                return operation
            }
            operation += 1
        }
    }

    @Test(arguments: [FaultyFileSystem.Fault.ioError, .diskFull, .shortWrite])
    func operation_failing_losesNoOwner(fault: FaultyFileSystem.Fault) throws {
        #expect(try sweep(fault, keepsUnsynchronized: true, create) > 15)
        guard fault == .ioError else { return }
        #expect(try sweep(fault, keepsUnsynchronized: true, acceptAndRecover) > 30)
    }

    @Test(arguments: [false, true])
    func operation_crashing_losesNoOwner(keepsUnsynchronized: Bool) throws {
        #expect(try sweep(.crash, keepsUnsynchronized: keepsUnsynchronized, create) > 15)
        #expect(try sweep(.crash, keepsUnsynchronized: keepsUnsynchronized, acceptAndRecover) > 30)
    }
}
