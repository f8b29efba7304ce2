/// The bytes that a `Range` field asks for (https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2).
enum ByteRange: Equatable {
    /// All of it: there is no such field, or one that this server leaves out of account, as it may.
    case whole
    case part(Range<Int>)
    case notSatisfiable

    /// - Parameter size: of the content, in bytes.
    init(_ field: String?, size: Int) {
        guard let field, field.hasPrefix("bytes="), !field.contains(",") else {
            self = .whole
            return
        }
        let bounds = field.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
            .map { $0.filter { $0 != " " } }
        guard bounds.count == 2, bounds.allSatisfy({ $0.isEmpty || ($0.allSatisfy(\.isNumber) && Int($0) != nil) })
        else {
            self = .whole
            return
        }
        switch (Int(bounds[0]), Int(bounds[1])) {
        case (nil, nil): self = .whole
        case (nil, let last?): self = last == 0 || size == 0 ? .notSatisfiable : .part(max(0, size - last)..<size)
        case (let first?, nil): self = first < size ? .part(first..<size) : .notSatisfiable
        case (let first?, let last?) where first <= last:
            self = first < size ? .part(first..<(min(last, size - 1) + 1)) : .notSatisfiable
        default: self = .whole
        }
    }
}
