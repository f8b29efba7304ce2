/// One line that `avahi-browse --parsable --resolve` prints.
enum BrowseEvent: Hashable {
    /// An instance of the service as it is seen on one interface, over one protocol.
    struct Instance: Hashable {
        var interface: String
        /// `IPv4` or `IPv6`.
        var family: String
        /// As Avahi escapes it (`\DDD` for what is no letter, digit, `-` or `_`); it is compared and never shown.
        var label: String
        var domain: String
    }

    struct Resolution: Hashable {
        var host: String
        var address: String
        var port: UInt16
        var texts: [String]
    }

    case appeared(Instance)
    case resolved(Instance, Resolution)
    case vanished(Instance)

    /// Longer lines are nobody's, in bytes: a multicast DNS packet has at most 9000.
    static let longestLine = 32 * 1024

    /// `nil` for anything else, such as what the tool says on standard error.
    init?(line: String) {
        guard line.utf8.count <= Self.longestLine else { return nil }
        // The last one is the text record, which may have semicolons of its own.
        let fields = line.split(separator: ";", maxSplits: 9, omittingEmptySubsequences: false).map(String.init)
        guard fields.count >= 6, fields[2] == "IPv4" || fields[2] == "IPv6" else { return nil }
        let instance = Instance(interface: fields[1], family: fields[2], label: fields[3], domain: fields[5])
        switch (fields[0], fields.count) {
        case ("+", 6): self = .appeared(instance)
        case ("-", 6): self = .vanished(instance)
        case ("=", 10):
            guard let port = UInt16(fields[8]), ServerAnnouncement.isAddress(fields[7]) else { return nil }
            self = .resolved(
                instance,
                Resolution(host: fields[6], address: fields[7], port: port, texts: Self.texts(of: fields[9])))
        default: return nil
        }
    }

    /// `"one" "two"`. Avahi escapes nothing in them, but no text of ours has a quotation mark.
    private static func texts(of field: String) -> [String] {
        guard field.count >= 2, field.hasPrefix("\""), field.hasSuffix("\"") else { return [] }
        return field.dropFirst().dropLast().split(separator: "\" \"", omittingEmptySubsequences: false).map(String.init)
    }
}
