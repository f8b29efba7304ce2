import CMosquitto
import Glibc

/// MQTT 5 properties of a message that arrived. What the library hands out is the reader's to free.
enum Property {
    /// All of them at once: most messages have none, and each look-up walks the whole list.
    static func read(_ properties: OpaquePointer?, into message: inout Message) {
        var next = properties
        while let property = next {
            switch UInt32(mosquitto_property_identifier(property)) {
            case MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue: message.expirySeconds = expirySeconds(property)
            case MQTT_PROP_RESPONSE_TOPIC.rawValue: message.responseTopic = text(property, MQTT_PROP_RESPONSE_TOPIC)
            case MQTT_PROP_CONTENT_TYPE.rawValue: message.contentType = text(property, MQTT_PROP_CONTENT_TYPE)
            case MQTT_PROP_CORRELATION_DATA.rawValue: message.correlationData = correlationData(property)
            case MQTT_PROP_PAYLOAD_FORMAT_INDICATOR.rawValue: message.isText = isText(property)
            case MQTT_PROP_USER_PROPERTY.rawValue:
                if let pair = userProperty(property) { message.userProperties.append(pair) }
            default: break
            }
            next = mosquitto_property_next(property)
        }
    }

    private static func expirySeconds(_ properties: OpaquePointer?) -> UInt32? {
        var seconds: UInt32 = 0
        let found = mosquitto_property_read_int32(
            properties, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), &seconds, false)
        return found == nil ? nil : seconds
    }

    private static func text(_ properties: OpaquePointer?, _ identifier: mqtt5_property) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        mosquitto_property_read_string(properties, Int32(identifier.rawValue), &text, false)
        defer { free(text) }
        return text.map { String(cString: $0) }
    }

    private static func isText(_ properties: OpaquePointer?) -> Bool {
        var format: UInt8 = 0
        mosquitto_property_read_byte(properties, Int32(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR.rawValue), &format, false)
        return format == 1
    }

    private static func userProperty(_ properties: OpaquePointer?) -> UserProperty? {
        var name: UnsafeMutablePointer<CChar>?
        var value: UnsafeMutablePointer<CChar>?
        mosquitto_property_read_string_pair(
            properties, Int32(MQTT_PROP_USER_PROPERTY.rawValue), &name, &value, false)
        defer {
            free(name)
            free(value)
        }
        guard let name, let value else { return nil }
        return UserProperty(name: String(cString: name), value: String(cString: value))
    }

    private static func correlationData(_ properties: OpaquePointer?) -> [UInt8]? {
        var bytes: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        mosquitto_property_read_binary(
            properties, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), &bytes, &count, false)
        defer { free(bytes) }
        return bytes.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: Int(count))) }
    }
}

extension Publication {
    /// To be freed by the caller.
    var properties: OpaquePointer? {
        var list: OpaquePointer?
        if let expirySeconds {
            mosquitto_property_add_int32(
                &list, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), expirySeconds)
        }
        if let responseTopic {
            mosquitto_property_add_string(&list, Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue), responseTopic)
        }
        // Longer ones do not exist in MQTT.
        if let correlationData, let count = UInt16(exactly: correlationData.count) {
            mosquitto_property_add_binary(
                &list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), correlationData, count)
        }
        if let contentType {
            mosquitto_property_add_string(&list, Int32(MQTT_PROP_CONTENT_TYPE.rawValue), contentType)
        }
        if isText { mosquitto_property_add_byte(&list, Int32(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR.rawValue), 1) }
        for pair in userProperties {
            mosquitto_property_add_string_pair(&list, Int32(MQTT_PROP_USER_PROPERTY.rawValue), pair.name, pair.value)
        }
        return list
    }
}
