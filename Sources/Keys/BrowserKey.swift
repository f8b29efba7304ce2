internal import COpenSSL

/// PKCS#12, which browsers import (RFC 7292).
enum BrowserKey {
    /// Who steals the file tries passwords, and each costs so many rounds: 50 times as many as by default.
    private static let iterations: CInt = 100_000

    /// Certificate, private key and authority, encrypted with OpenSSL's own choice of algorithms: AES-256, and SHA-256 to
    /// derive its key.
    ///
    /// - Returns: `nil` when OpenSSL refuses.
    static func encode(_ key: MachineKey, password: String) -> [UInt8]? {
        guard let certificate = read(key.blocks.pem(0), { PEM_read_bio_X509($0, nil, nil, nil) }) else { return nil }
        defer { X509_free(certificate) }
        guard let privateKey = read(key.blocks.pem(1), { PEM_read_bio_PrivateKey($0, nil, nil, nil) }) else {
            return nil
        }
        defer { EVP_PKEY_free(privateKey) }
        guard let authority = read(key.blocks.pem(2), { PEM_read_bio_X509($0, nil, nil, nil) }) else { return nil }
        defer { X509_free(authority) }
        guard let others = OPENSSL_sk_new_null() else { return nil }
        defer { OPENSSL_sk_free(others) }
        guard OPENSSL_sk_push(others, UnsafeRawPointer(authority)) > 0 else { return nil }
        // Zeros: the defaults of OpenSSL.
        guard
            let file = PKCS12_create(
                password, key.name.description, privateKey, certificate, others, 0, 0, iterations, iterations, 0)
        else { return nil }
        defer { PKCS12_free(file) }
        let count = i2d_PKCS12(file, nil)
        guard count > 0 else { return nil }
        return [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, written in
            var end = buffer.baseAddress
            written = max(0, Int(i2d_PKCS12(file, &end)))
        }
    }

    private static func read(_ pem: String, _ parse: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
        var pem = pem
        return pem.withUTF8 { bytes in
            guard let source = BIO_new_mem_buf(bytes.baseAddress, CInt(bytes.count)) else { return nil }
            defer { BIO_free(source) }
            return parse(source)
        }
    }
}
