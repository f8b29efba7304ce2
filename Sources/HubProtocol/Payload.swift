import FailoverCore
import Foundation

/// One JSON object in UTF-8 with camelCase keys. Readers ignore keys that they do not know.
public protocol Payload: Codable, Equatable, Sendable {
    init(decoding bytes: some Collection<UInt8>) throws(MalformedPayload)
    var encoded: [UInt8] { get }
}

public struct MalformedPayload: Error, CustomStringConvertible {
    public var type: String
    public var cause: String

    public init(type: String, cause: String) {
        self.type = type
        self.cause = cause
    }

    public var description: String { "malformed \(type): \(cause)" }
}

extension Payload {
    /// A payload of the contract is far smaller; a larger one is not looked at.
    public static var maximumBytes: Int { 256 * 1024 }

    public init(decoding bytes: some Collection<UInt8>) throws(MalformedPayload) {
        try self.init(generallyDecoding: bytes)
    }

    public var encoded: [UInt8] { generallyEncoded }

    init(generallyDecoding bytes: some Collection<UInt8>) throws(MalformedPayload) {
        guard bytes.count <= Self.maximumBytes else {
            throw MalformedPayload(type: "\(Self.self)", cause: "\(bytes.count) bytes, at most \(Self.maximumBytes)")
        }
        // A payload without keys would decode from a list as well.
        guard bytes.first(where: { !" \t\r\n".utf8.contains($0) }) == UInt8(ascii: "{") else {
            throw MalformedPayload(type: "\(Self.self)", cause: "not a JSON object")
        }
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw MalformedPayload(type: "\(Self.self)", cause: error.sentence)
        } catch {
            throw MalformedPayload(type: "\(Self.self)", cause: "not JSON")
        }
    }

    var generallyEncoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Payloads hold strings, numbers and lists; none of them can fail to encode but a float that is no number,
        // which nothing here computes.
        return Array((try? encoder.encode(self)) ?? Data("{}".utf8))
    }
}

extension DecodingError {
    fileprivate var sentence: String {
        switch self {
        case .keyNotFound(let key, _): "no \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "not a JSON object" : "wrong \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\""
        @unknown default: "not understood"
        }
    }
}

/// A value whose absence is written as `null`, where the contract says so, and not left out.
@propertyWrapper
public struct NullWhenNil<Value: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    public var wrappedValue: Value?

    public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
    }
}

extension KeyedDecodingContainer {
    public func decode<Value>(_ type: NullWhenNil<Value>.Type, forKey key: Key) throws -> NullWhenNil<Value> {
        try decodeIfPresent(type, forKey: key) ?? NullWhenNil(wrappedValue: nil)
    }
}

/// A `Timestamp` as the contract writes it: ISO 8601 UTC with milliseconds.
public struct UTCTime: Codable, Hashable, Sendable, CustomStringConvertible {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    public var timestamp: Timestamp

    public init(_ timestamp: Timestamp) { self.timestamp = timestamp }

    public static var now: UTCTime { UTCTime(.now) }

    public var description: String {
        // Half a millisecond more, since the style cuts what a binary fraction falls short of.
        Date(timeIntervalSince1970: (Double(timestamp.millisecondsSince1970) + 0.5) / 1000).formatted(Self.style)
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let date = try? Self.style.parse(text) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a time"))
        }
        timestamp = Timestamp(millisecondsSince1970: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Timestamp {
    public static var now: Timestamp {
        Timestamp(millisecondsSince1970: Int64((Date().timeIntervalSince1970 * 1000).rounded()))
    }

    /// For people: day and time in UTC, to the minute.
    public var text: String { UTCTime(self).description.prefix(16).replacing("T", with: " ") + " UTC" }
}

extension [UInt8] {
    public var base64: String { Data(self).base64EncodedString() }
}
