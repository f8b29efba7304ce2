import AssetProtocol
import Crypto
import SystemPackage

/// Contents by their digest: `content/ab/ab12…`. A content never changes; it is there or it is not.
struct ContentFolder: Sendable {
    private let path: String

    /// Makes what is missing of it.
    init(in folder: String) throws(AssetStoreError) {
        path = "\(folder)/content"
        do {
            try Disk.makeFolder(path)
            for part in Self.parts { try Disk.makeFolder("\(path)/\(part)") }
            try Disk.syncFolder(path)
            try Disk.syncFolder(folder)
        } catch {
            throw .writing(path, error)
        }
    }

    /// Moves a synced file here. Where there is one of this content already, it is replaced: it was the same, unless it is
    /// damaged.
    ///
    /// - Returns: the folder to sync.
    func place(_ file: String, as digest: ContentDigest) throws(AssetStoreError) -> String {
        do { try Disk.rename(file, to: path(of: digest)) } catch { throw .writing(path, error) }
        return folder(of: digest)
    }

    func sync(_ folders: Set<String>) throws(AssetStoreError) {
        do {
            for folder in folders { try Disk.syncFolder(folder) }
        } catch {
            throw .writing(path, error)
        }
    }

    /// Whoever reads one of them reads on. One that cannot be removed is removed when the store is opened next.
    func remove(_ digests: some Sequence<ContentDigest>) {
        for digest in digests { try? Disk.remove(path(of: digest)) }
    }

    /// Returns `nil` where there is no such content.
    func open(_ digest: ContentDigest) throws(AssetStoreError) -> FileDescriptor? {
        do {
            return try FileDescriptor.open(path(of: digest), .readOnly, options: .closeOnExec)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw .unreadable(path: path(of: digest), cause: "\(error)")
        }
    }

    /// The second one is `nil` for a small content, and where the file system cannot do that.
    func openForReaders(_ content: FileVersion.Content) throws(AssetStoreError) -> (FileDescriptor, DirectFile?)? {
        guard let file = try open(content.digest) else { return nil }
        guard content.size >= Self.worthPassing, let second = (try? open(content.digest)) ?? nil else {
            return (file, nil)
        }
        return (file, DirectFile(second, size: content.size))
    }

    /// In bytes. Smaller ones are fetched as quickly, and displace little.
    private static let worthPassing = 16 << 20

    /// Reads all of it. Returns `nil` where there is no such content.
    func digest(ofContent digest: ContentDigest) throws(AssetStoreError) -> ContentDigest? {
        guard let file = try open(digest) else { return nil }
        do {
            return try file.closeAfter {
                var hash = SHA256()
                try Disk.read(file, chunk: 1 << 20) { hash.update(data: $0) }
                return ContentDigest(bytes: hash.finalize())
            }
        } catch {
            throw .unreadable(path: path(of: digest), cause: "\(error)")
        }
    }

    /// Removes what a crash left: every file that is no content of these.
    ///
    /// - Parameter areKept: returns those of the names that are a kept version's.
    func sweep(keeping areKept: (Set<ContentDigest>) throws(AssetStoreError) -> Set<ContentDigest>)
        throws(AssetStoreError)
    {
        for part in Self.parts {
            let folder = "\(path)/\(part)"
            let names = try Folder.names(in: folder)
            let digests = Set(names.compactMap { ContentDigest($0) })
            let kept = try areKept(digests)
            for name in names where ContentDigest(name).map(kept.contains) != true {
                do { try Disk.remove("\(folder)/\(name)") } catch { throw .writing(folder, error) }
            }
        }
    }

    func isEmpty() throws(AssetStoreError) -> Bool {
        for part in Self.parts where try !Folder.names(in: "\(path)/\(part)").isEmpty { return false }
        return true
    }

    private func path(of digest: ContentDigest) -> String { "\(folder(of: digest))/\(digest)" }
    private func folder(of digest: ContentDigest) -> String { "\(path)/\(digest.description.prefix(2))" }

    private static let parts = (0..<256).map { (part: Int) in (part < 16 ? "0" : "") + String(part, radix: 16) }
}
