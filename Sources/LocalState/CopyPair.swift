import Crypto
import Foundation

/// A file's bytes with two numbered copies of a content, the newer of which counts. A write goes over the older one, in place.
///
/// Each copy is a line that tells its number, its size and its SHA-256, and the content, filled up with spaces: the file reads
/// as JSON texts.
struct CopyPair {
    private struct Head: Codable {
        var number: UInt64
        /// Of one copy, in bytes: it tells a file that somebody has cut or lengthened.
        var size: Int
        /// Of both of these and the content, in hexadecimal digits.
        var sha256: String
    }

    struct Copy {
        let number: UInt64
        let content: Data
    }

    /// Of one copy, in bytes: whole blocks of a disk, so that a write that power cuts off leaves the other copy alone.
    let size: Int
    private(set) var newest: Copy
    /// Which of the two it is: 0 or 1.
    private var place: Int
    /// The other copy is neither whole nor blank: a write of it was cut off, or it was newer and a disk has damaged it since.
    let isOtherTorn: Bool

    private static let block = 4096

    /// The first of its file, with room to grow.
    init(first content: Data) {
        newest = Copy(number: 1, content: content)
        place = 0
        isOtherTorn = false
        let needed = 2 * content.count + 256
        size = (needed + Self.block - 1) / Self.block * Self.block
    }

    /// Returns `nil` where neither copy is whole, or the file is not of the size that it was given.
    init?(file: Data) {
        guard file.count.isMultiple(of: 2 * Self.block) else { return nil }
        let size = file.count / 2
        self.size = size
        let halves = [file.prefix(size), file.suffix(size)]
        let copies = halves.map { Self.copy(in: $0, size) }
        guard let place = copies.indices.max(by: { copies[$0]?.number ?? 0 < copies[$1]?.number ?? 0 }),
            let newest = copies[place]
        else { return nil }
        (self.newest, self.place) = (newest, place)
        isOtherTorn = copies[1 - place] == nil && halves[1 - place].contains { $0 != UInt8(ascii: " ") }
    }

    /// The whole file, while it has this one copy only.
    var file: Data {
        let half = Self.bytes(of: newest, size)
        return half + Data(repeating: UInt8(ascii: " "), count: size)
    }

    /// - Returns: the pair with `content` in the place of the older copy, and what to write where; `nil` when there is no room.
    func replacing(with content: Data) -> (pair: CopyPair, bytes: Data, offset: Int)? {
        var pair = self
        pair.newest = Copy(number: newest.number + 1, content: content)
        pair.place = 1 - place
        let bytes = Self.bytes(of: pair.newest, size)
        return bytes.count == size ? (pair, bytes, pair.place * size) : nil
    }

    private static func copy(in half: Data, _ size: Int) -> Copy? {
        guard let line = half.firstIndex(of: UInt8(ascii: "\n")),
            let head = try? JSONDecoder().decode(Head.self, from: half[..<line]), head.size == size,
            let end = half.lastIndex(where: { $0 != UInt8(ascii: " ") }), line < end
        else { return nil }
        let copy = Copy(number: head.number, content: Data(half[(line + 1)...end]))
        return digest(of: copy, size) == head.sha256 ? copy : nil
    }

    private static func bytes(of copy: Copy, _ size: Int) -> Data {
        var bytes = Data(
            #"{"number":\#(copy.number),"size":\#(size),"sha256":"\#(digest(of: copy, size))"}"#.utf8)
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(copy.content)
        if bytes.count < size { bytes.append(Data(repeating: UInt8(ascii: " "), count: size - bytes.count)) }
        return bytes
    }

    private static func digest(of copy: Copy, _ size: Int) -> String {
        var hash = SHA256()
        hash.update(data: Data("\(copy.number) \(size)\n".utf8))
        hash.update(data: copy.content)
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
