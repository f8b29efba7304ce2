import AssetProtocol
import Crypto
import FailoverCore
import Foundation
import SystemPackage
import Testing

@testable import AssetStore

/// A store in a folder of its own, which is removed with it.
final class Given {
    let folder = FileManager.default.temporaryDirectory.path(percentEncoded: false) + "assets-\(UUID())"

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func store(keep: Int = 10, slack: Int = 1000) throws -> AssetStore {
        try AssetStore(folder: folder, keep: keep, compactionSlack: slack)
    }

    /// Every file below the store's folder, by its path there, without the database's own.
    var files: [String] {
        (FileManager.default.subpaths(atPath: folder) ?? []).filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
                && !isFolder.boolValue
                && !path.hasPrefix("index.sqlite")
        }.sorted()
    }

    var contents: [String] { files.filter { $0.hasPrefix("content/") } }

    var journal: Data {
        get { FileManager.default.contents(atPath: folder + "/journal")! }
        set { try! newValue.write(to: URL(filePath: folder + "/journal")) }
    }

    func path(ofContent bytes: [UInt8]) -> String {
        let digest = ContentDigest(of: bytes).description
        return "\(folder)/content/\(digest.prefix(2))/\(digest)"
    }

    static let author = MachineName("cam-1")!
    static let other = MachineName("cam-2")!
}

extension ContentDigest {
    init(of bytes: [UInt8]) { self.init(bytes: SHA256.hash(data: bytes)) }
}

extension StoragePath: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { try! self.init(text) }
}

extension AssetStore {
    @discardableResult
    func push(
        _ path: StoragePath, _ bytes: [UInt8], by author: MachineName = Given.author,
        if precondition: Precondition = .none,
        gate: @escaping @Sendable () throws -> Void = {}
    ) async throws -> FileVersion {
        let upload = begin()
        try await upload.append(bytes)
        return try await upload.commit(path, author: author, precondition: precondition, gate: gate)
    }

    func pull(_ path: StoragePath, version: Int? = nil) async throws -> [UInt8] {
        try await open(path, version: version).bytes()
    }
}

extension OpenFile {
    func bytes() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try [UInt8](unsafeUninitializedCapacity: 1 << 16) {
                $1 = try read(at: bytes.count, into: UnsafeMutableRawBufferPointer($0))
            }
            if part.isEmpty { return bytes }
            bytes += part
        }
    }
}

extension Error {
    var sentence: String { "\(self)" }
}
