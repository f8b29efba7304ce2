import AssetProtocol
import Hummingbird

extension Request {
    /// The path behind `prefix`, as a file's name. It is read from the request's own text: a router drops empty parts.
    ///
    /// - Throws: `Problem` where it can be no file's name.
    func storagePath(behind prefix: String) throws -> StoragePath {
        // It may have found its way here with two slashes before it.
        guard uri.path.hasPrefix(prefix) else {
            throw Problem(.badRequest, "A file's address begins with \(prefix) and has no other slashes before.")
        }
        guard let bytes = uri.path.dropFirst(prefix.count).utf8.percentDecoded else {
            throw Problem(.badRequest, "A percent sign in an address stands before two hexadecimal digits.")
        }
        do throws(StoragePathError) {
            return try StoragePath(decoding: bytes)
        } catch {
            throw Problem(.badRequest, error.description.capitalizedFirst)
        }
    }
}

extension String {
    /// Sentences that follow a program's name begin small.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension Sequence<UInt8> {
    /// `nil` where a percent sign stands before something else than two hexadecimal digits. The bytes may be any.
    fileprivate var percentDecoded: [UInt8]? {
        var bytes: [UInt8] = []
        var iterator = makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next()?.hexadecimal, let low = iterator.next()?.hexadecimal else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}

extension UInt8 {
    fileprivate var hexadecimal: UInt8? { Character(Unicode.Scalar(self)).hexDigitValue.map(UInt8.init) }
}
