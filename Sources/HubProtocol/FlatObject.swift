/// The members of a JSON object that holds nothing but numbers, plain texts and nulls.
///
/// Foundation's decoder takes a tenth of a millisecond for `hub/active` in a process that was just woken by it, and in a
/// switch every machine reads it at the same moment.
struct FlatObject {
    private enum Value: Hashable {
        case text(Range<Int>)
        /// A number, `null`, `true` or `false`: whoever asks for one finds out.
        case word(Range<Int>)
    }

    private let bytes: [UInt8]
    private var members: [(name: Range<Int>, value: Value)] = []

    /// Returns `nil` for all that is not so simple: an escape, a list, what is no JSON. A general decoder must judge it.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        members.reserveCapacity(12)
        var position = 0
        guard skip("{", at: &position) else { return nil }
        repeat {
            guard let name = text(at: &position), skip(":", at: &position) else { return nil }
            if let text = text(at: &position) {
                members.append((name, .text(text)))
            } else if let word = word(at: &position) {
                members.append((name, .word(word)))
            } else {
                return nil
            }
        } while skip(",", at: &position)
        guard skip("}", at: &position), next(at: &position) == nil else { return nil }
    }

    /// Returns `nil` where there is none.
    func text(_ name: StaticString) -> String? {
        guard case .text(let range)? = value(name) else { return nil }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// Returns `nil` where there is none.
    func number<Number: LosslessStringConvertible>(_ name: StaticString) -> Number? {
        guard case .word(let range)? = value(name) else { return nil }
        return Number(String(decoding: bytes[range], as: UTF8.self))
    }

    /// It is not there, or is `null`.
    func isNull(_ name: StaticString) -> Bool {
        switch value(name) {
        case nil: true
        case .text: false
        case .word(let range): bytes[range].elementsEqual("null".utf8)
        }
    }

    private func value(_ name: StaticString) -> Value? {
        name.withUTF8Buffer { wanted in members.first { bytes[$0.name].elementsEqual(wanted) }?.value }
    }

    // MARK: - Reading

    private func next(at position: inout Int) -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): position += 1
            default: return bytes[position]
            }
        }
        return nil
    }

    private func skip(_ mark: Unicode.Scalar, at position: inout Int) -> Bool {
        guard next(at: &position) == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    private func text(at position: inout Int) -> Range<Int>? {
        guard skip("\"", at: &position) else { return nil }
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20 else { return nil }
            position += 1
        }
        guard position < bytes.count else { return nil }
        position += 1
        return start..<position - 1
    }

    private func word(at position: inout Int) -> Range<Int>? {
        guard next(at: &position) != nil else { return nil }
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
                UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"):
                position += 1
            default: return position > start ? start..<position : nil
            }
        }
        return nil
    }
}
