import Control
import Glibc
import Settings

/// Whether a disk has room for what is about to be written.
package enum FreeSpace {
    /// Bytes that an ordinary user can still write where `folder` lies; `nil` when the system does not say.
    package static func bytes(at folder: String) -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int(clamping: bytes)
    }

    /// - Parameters:
    ///   - free: as ``bytes(at:)`` says.
    ///   - folder: for the message.
    /// - Throws: ``ControlError`` `.full` that says how much there is, how much is needed and what to do.
    package static func check(_ free: Int?, at folder: String, forFileOf size: Int) throws(ControlError) {
        let (needed, overflow) = size.multipliedReportingOverflow(by: PrivateFile.folderBytesPerByte)
        guard let free, overflow || free < needed else { return }
        throw ControlError(
            .full,
            "\(folder) has \(ByteCountText.format(free)) free, and a file of \(ByteCountText.format(size)) takes up "
                + "to \(PrivateFile.folderBytesPerByte) times its size there; choose a smaller --file-size or --file, "
                + "leave it out with --file none, or name another disk with TMPDIR"
        )
    }
}
