import CMosquitto
import Glibc

/// MQTT 5 properties of a message that arrived. What the library hands out is the reader's to free.
enum Property {
    static func expirySeconds(_ properties: OpaquePointer?) -> UInt32? {
        var seconds: UInt32 = 0
        let found = mosquitto_property_read_int32(
            properties, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue), &seconds, false)
        return found == nil ? nil : seconds
    }

    static func responseTopic(_ properties: OpaquePointer?) -> String? {
        var topic: UnsafeMutablePointer<CChar>?
        mosquitto_property_read_string(properties, Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue), &topic, false)
        defer { free(topic) }
        return topic.map { String(cString: $0) }
    }

    static func correlationData(_ properties: OpaquePointer?) -> [UInt8]? {
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
        if let correlationData {
            mosquitto_property_add_binary(
                &list, Int32(MQTT_PROP_CORRELATION_DATA.rawValue), correlationData, UInt16(correlationData.count))
        }
        return list
    }
}
