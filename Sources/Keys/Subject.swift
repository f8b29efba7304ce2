import FailoverCore
import Foundation
internal import SwiftASN1
internal import X509

/// How the names in certificates are written and read.
extension DistinguishedName {
    static func authority(of site: MachineName) throws -> DistinguishedName {
        try DistinguishedName {
            OrganizationName(site.description)
            CommonName("\(site) authority")
        }
    }

    static func machine(_ request: KeyRequest, of site: MachineName) throws -> DistinguishedName {
        try DistinguishedName {
            OrganizationName(site.description)
            OrganizationalUnitName(request.role.rawValue)
            OrganizationalUnitName(permissionPrefix + "\(request.permission)")
            CommonName(request.name.description)
        }
    }

    var site: MachineName? { only(.RDNAttributeType.organizationName).flatMap(MachineName.init) }
    var machine: MachineName? { only(.RDNAttributeType.commonName).flatMap(MachineName.init) }

    var role: KeyRole? {
        let units = texts(.RDNAttributeType.organizationalUnitName)
        return units.count == 2 ? KeyRole(rawValue: units[0]) : nil
    }

    var permission: Int? {
        let units = texts(.RDNAttributeType.organizationalUnitName)
        guard units.count == 2, units[1].hasPrefix(permissionPrefix) else { return nil }
        return KeyRequest.permissions.first { "\($0)" == units[1].dropFirst(permissionPrefix.count) }
    }

    private func texts(_ type: ASN1ObjectIdentifier) -> [String] {
        flatMap { $0 }.filter { $0.type == type }.compactMap { String($0.value) }
    }

    private func only(_ type: ASN1ObjectIdentifier) -> String? {
        let texts = texts(type)
        return texts.count == 1 ? texts[0] : nil
    }
}

private let permissionPrefix = "permission-"

extension Timestamp {
    /// Certificates know whole seconds.
    init(_ date: Date) { self.init(millisecondsSince1970: Int64(date.timeIntervalSince1970) * 1000) }

    var date: Date { Date(timeIntervalSince1970: Double(max(0, millisecondsSince1970) / 1000)) }
}
