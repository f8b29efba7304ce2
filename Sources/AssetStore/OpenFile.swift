import AssetProtocol
import SystemPackage

/// A content that is being read. It stays readable while this object lives, also when its version is dropped meanwhile.
public final class OpenFile: Sendable {
    public let version: FileVersion
    /// In bytes.
    public let size: Int
    /// For reading at any place (`pread`), by any number of readers. It is closed with this object.
    public let descriptor: FileDescriptor

    init(_ version: FileVersion, _ size: Int, _ descriptor: FileDescriptor) {
        (self.version, self.size, self.descriptor) = (version, size, descriptor)
    }

    deinit { try? descriptor.close() }
}
