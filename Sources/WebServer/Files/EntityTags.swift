import AssetProtocol
import HTTPTypes

/// What a field such as `If-Match` names (https://www.rfc-editor.org/rfc/rfc9110#section-13.1).
enum EntityTags: Equatable {
    /// `*`: any that there is.
    case any
    /// Without their quotes; weak ones too, which name no content exactly and so are none of ours.
    case these([String])

    init?(_ field: HTTPField.Name, in headers: HTTPFields) {
        guard let text = headers[field]?.trimmed else { return nil }
        self = text == "*" ? .any : .these(text.split(separator: ",").map { String($0).trimmed.unquoted })
    }

    func names(_ tag: VersionTag?) -> Bool {
        guard let tag, tag.digest != nil else { return false }
        return switch self {
        case .any: true
        case .these(let tags): tags.contains(tag.description)
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }

    var unquoted: String {
        guard count >= 2, first == "\"", last == "\"" else { return self }
        return String(dropFirst().dropLast())
    }
}
