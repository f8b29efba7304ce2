import Foundation

/// Where a file lies in the store: `folder/folder/name`, relative, `/` between the components.
///
/// Whatever is held here can be shown to people, stands on one line, and can be made below any folder without leaving it.
///
/// Equal names are equal bytes: the text is kept in Unicode's normalization form C. A Mac may write `é` as two characters
/// and Linux as one; people see one name, and Swift's strings compare it as one, so it is one file here. NFC is
/// what keyboards and nearly all other systems write, so what comes back has the name that it was given.
public struct StoragePath: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// In bytes of UTF-8, in the normalized form.
    public static let longestPath = 1024
    /// In bytes of UTF-8: what Linux's file systems hold.
    public static let longestComponent = 255

    public let description: String

    /// - Throws: `StoragePathError`, with what is wrong.
    public init(_ text: String) throws(StoragePathError) {
        guard !text.isEmpty else { throw .empty }
        // Normalizing makes a text at most three times as long, and may make it shorter too.
        guard text.utf8.count <= 3 * Self.longestPath else { throw .tooLong }
        let path = text.precomposedStringWithCanonicalMapping
        guard path.utf8.count <= Self.longestPath else { throw .tooLong }
        for scalar in path.unicodeScalars {
            guard scalar.properties.generalCategory != .control else { throw .controlCharacter(path) }
            guard scalar != "\\" else { throw .backslash(path) }
        }
        guard path.utf8.first != UInt8(ascii: "/") else { throw .absolute(path) }
        for component in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard !component.isEmpty else { throw .emptyComponent(path) }
            guard component.count <= Self.longestComponent else { throw .componentTooLong(path) }
            guard !component.elementsEqual(".".utf8), !component.elementsEqual("..".utf8) else { throw .leaves(path) }
        }
        description = path
    }

    /// A name as it came from outside.
    ///
    /// - Throws: `StoragePathError`, also where the bytes are no UTF-8.
    public init(decoding bytes: some Sequence<UInt8>) throws(StoragePathError) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        try self.init(text)
    }

    /// `a` and `a/b` for `a/b/c`.
    public var folders: [Self] {
        let bytes = description.utf8
        return bytes.indices.filter { bytes[$0] == UInt8(ascii: "/") }.map { Self(valid: String(description[..<$0])) }
    }

    private init(valid text: String) { description = text }

    /// By bytes, as the index compares.
    public static func < (left: Self, right: Self) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}

extension StoragePath: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        do { try self.init(text) } catch {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "\(error)"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Why a name cannot be a file's name in the store, as a sentence.
public enum StoragePathError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case notText
    case tooLong
    case absolute(String)
    case emptyComponent(String)
    case componentTooLong(String)
    case leaves(String)
    case backslash(String)
    case controlCharacter(String)

    public var description: String {
        switch self {
        case .empty: "a file needs a name, and this one is empty."
        case .notText: "a file's name must be text in UTF-8, and this one is in another encoding. Rename the file."
        case .tooLong:
            "a file's name with its folders may have at most \(StoragePath.longestPath) bytes, and this one has more. "
                + "Choose shorter names."
        case .absolute(let path):
            "\(path) begins with a slash; files are named from the top of the store. Leave out the first slash."
        case .emptyComponent(let path):
            "\(path) has a folder or file without a name. Leave out double slashes and a slash at the end."
        case .componentTooLong(let path):
            "a folder or file in \(path) has a name of more than \(StoragePath.longestComponent) bytes. Choose a shorter "
                + "one."
        case .leaves(let path): "\(path) has a \u{201C}.\u{201D} or \u{201C}..\u{201D} in it. Write the path without."
        case .backslash(let path): "\(path) has a backslash in it. Folders are parted by slashes."
        case .controlCharacter(let path): "\(Self.visible(path)) has a control character in it. Rename the file."
        }
    }

    /// A sentence must not carry into a terminal what it warns of.
    private static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
