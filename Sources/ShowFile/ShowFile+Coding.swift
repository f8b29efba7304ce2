import Crypto
import FailoverCore
import Foundation
import HubProtocol
import Replication

/// The format is described in `Format.md`.
extension ShowFile {
    /// Of the format that is written. Older ones are read as well, newer ones refused.
    public static let version = 1
    private static let format = "understudy-show"
    private static let noDigest = String(repeating: "0", count: 64)

    private struct Head: Decodable {
        var format: String?
        var version: Int?
    }

    private struct Document: Codable {
        var digest: String?
        var format: String
        var version: Int
        var name: ShowName
        var savedAt: UTCTime
        var savedBy: MachineName?
        var isAutomatic: Bool?
        var backupOf: ShowName?
        var items: [ShowItem]
    }

    /// As it lies on disk.
    public var encoded: [UInt8] {
        let document = Document(
            digest: Self.noDigest, format: Self.format, version: Self.version, name: name, savedAt: savedAt,
            savedBy: savedBy, isAutomatic: isAutomatic, backupOf: backupOf, items: items)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        // Strings, numbers and lists: none of them can fail to encode.
        var bytes = (try? encoder.encode(document)) ?? Data()
        if let place = bytes.range(of: Data(Self.noDigest.utf8)) {
            bytes.replaceSubrange(place, with: Data(Self.digest(of: bytes).utf8))
        }
        return Array(bytes)
    }

    public init(decoding bytes: [UInt8]) throws(ShowFileError) {
        let data = Data(bytes)
        let decoder = JSONDecoder()
        guard let head = try? decoder.decode(Head.self, from: data), head.format == Self.format,
            let version = head.version, version > 0
        else { throw .noShowFile }
        guard version <= Self.version else { throw .newer(version: version) }
        let document: Document
        do {
            document = try decoder.decode(Document.self, from: data)
        } catch let error as DecodingError {
            throw .malformed(cause: error.cause)
        } catch {
            throw .malformed(cause: "\(error)")
        }
        if let digest = document.digest { try Self.check(digest, of: data) }
        guard Set(document.items.map(\.topic)).count == document.items.count else {
            throw .malformed(cause: "a topic stands in it twice")
        }
        self.init(
            name: document.name, savedAt: document.savedAt, savedBy: document.savedBy,
            isAutomatic: document.isAutomatic ?? false, backupOf: document.backupOf, items: document.items)
    }

    /// The same for the same items, whatever the file is called and whoever saved it.
    public static func fingerprint(of items: some Sequence<ShowItem>) -> [UInt8] {
        var hash = SHA256()
        for item in items.sorted(by: { $0.topic < $1.topic }) {
            hash.update(data: Write(message: item.message, stamp: .none).encoded)
        }
        return Array(hash.finalize())
    }

    /// Of the whole text, with zeros in the place of the digest.
    private static func digest(of bytes: Data) -> String {
        SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func check(_ digest: String, of bytes: Data) throws(ShowFileError) {
        guard digest.utf8.count == noDigest.utf8.count, let place = bytes.range(of: Data(digest.utf8)) else {
            throw .damaged
        }
        var written = bytes
        written.replaceSubrange(place, with: Data(noDigest.utf8))
        guard Self.digest(of: written) == digest.lowercased() else { throw .damaged }
    }
}

extension Stamp {
    fileprivate static let none = Stamp(epoch: Epoch(0), counter: 0, origin: MachineName("none")!)
}

extension DecodingError {
    fileprivate var cause: String {
        let path: [any CodingKey]
        let what: String
        switch self {
        case .keyNotFound(let key, let context): (path, what) = (context.codingPath + [key], "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            (path, what) = (context.codingPath, "is of a wrong type")
        case .dataCorrupted(let context): (path, what) = (context.codingPath, context.debugDescription)
        @unknown default: (path, what) = ([], "not understood")
        }
        let place = path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return place.isEmpty ? what : "\(place): \(what)"
    }
}
