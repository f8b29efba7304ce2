import CMosquitto

/// MQTT's rules for topic names and topic filters.
public enum TopicRules {
    /// No wildcard, no NUL, not empty, at most 65,535 bytes.
    public static func isValidName(_ name: String) -> Bool {
        isText(name) && mosquitto_pub_topic_check2(name, name.utf8.count) == MOSQ_ERR_SUCCESS.rawValue
    }

    public static func isValidFilter(_ filter: String) -> Bool {
        isText(filter) && mosquitto_sub_topic_check2(filter, filter.utf8.count) == MOSQ_ERR_SUCCESS.rawValue
    }

    /// C ends a text at its first NUL.
    private static func isText(_ text: String) -> Bool { !text.isEmpty && !text.utf8.contains(0) }

    public static func matches(_ filter: String, _ name: String) -> Bool {
        var result = false
        return mosquitto_topic_matches_sub(filter, name, &result) == MOSQ_ERR_SUCCESS.rawValue && result
    }
}
