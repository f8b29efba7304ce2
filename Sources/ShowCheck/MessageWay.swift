import HubProtocol
import MQTTSession
import ShowHistory

extension Message {
    /// The servers mark what they copy.
    var way: Sighting.Way {
        let marks = userProperties.map(\.name)
        if isRetained || marks.contains(MessageProperty.snapshot) { return .state }
        return marks.contains(MessageProperty.origin) ? .copy : .live
    }
}
