import AssetClient
import AssetProtocol
import FailoverCore
import HubProtocol

/// Values for tests, by one letter each.
enum Given {
    static let path = try! StoragePath("a/b.png")

    static func digest(_ letter: Character) -> ContentDigest {
        ContentDigest(bytes: Array(repeating: UInt8(String(letter).utf8.first!), count: 32))
    }

    /// - Parameter content: `nil`: a deletion.
    static func version(_ number: Int, _ content: Character?, size: Int = 3, path: StoragePath = path) -> FileEntry {
        FileEntry(
            FileVersion(
                sequence: number, path: path, number: number,
                content: content.map { .init(digest: digest($0), size: size) }, author: MachineName("gfx-2")!,
                time: Timestamp(millisecondsSince1970: 1_700_000_000_000)))
    }

    static func known(_ version: FileEntry) -> KnownFile { KnownFile(version: version, stamp: nil) }

    static let stamp = FileStamp(size: 3, inode: 1, modified: 1, changed: 1)

    /// - Parameter content: `nil`: it was not read yet.
    static func local(_ content: Character?, size: Int = 3) -> LocalFile {
        var stamp = stamp
        stamp.size = size
        return LocalFile(stamp: stamp, digest: content.map { digest($0) })
    }
}
