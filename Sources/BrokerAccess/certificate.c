#include "certificate.h"

#include <mosquitto_broker.h>
#include <openssl/x509.h>
#include <string.h>

static bool is_machine_name(const char *name) {
    size_t length = strlen(name);
    if (length == 0 || length > MACHINE_NAME_LENGTH) return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/// Copies the attribute after `*index`; `*index` is negative where there is no other. False: it does not fit, or has a zero
/// in it.
static bool next_attribute(X509_NAME *subject, int kind, int *index, char *text, size_t size) {
    *index = X509_NAME_get_index_by_NID(subject, kind, *index);
    text[0] = '\0';
    if (*index < 0) return true;
    ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, *index));
    int length = ASN1_STRING_length(value);
    if (length < 0 || (size_t)length >= size) return false;
    memcpy(text, ASN1_STRING_get0_data(value), (size_t)length);
    text[length] = '\0';
    return strlen(text) == (size_t)length;
}

static bool read_subject(X509_NAME *subject, struct certificate *certificate) {
    int index = -1;
    if (!next_attribute(subject, NID_commonName, &index, certificate->name, sizeof certificate->name)) return false;
    if (!is_machine_name(certificate->name) || X509_NAME_get_index_by_NID(subject, NID_commonName, index) >= 0)
        return false;
    char unit[16];
    bool has_role = false;
    index = -1;
    for (;;) {
        if (!next_attribute(subject, NID_organizationalUnitName, &index, unit, sizeof unit)) return false;
        if (index < 0) break;
        if (strcmp(unit, "server") == 0 || strcmp(unit, "client") == 0) {
            if (has_role) return false;
            has_role = true;
            certificate->is_server = strcmp(unit, "server") == 0;
        } else if (strncmp(unit, "permission-", 11) == 0) {
            if (certificate->level != 0 || unit[11] < '1' || unit[11] > '3' || unit[12] != '\0') return false;
            certificate->level = unit[11] - '0';
        }
    }
    return has_role && certificate->level != 0;
}

enum certificate_finding certificate_read(const struct mosquitto *client, struct certificate *certificate) {
    memset(certificate, 0, sizeof *certificate);
    X509 *x509 = mosquitto_client_certificate(client);
    if (!x509) return CERTIFICATE_MISSING;
    bool is_key = read_subject(X509_get_subject_name(x509), certificate);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    int length = ASN1_STRING_length(serial);
    // Leading zeroes are not written: what is left of the sixteen bytes' first half.
    if (length <= 8 || length > 16 || ASN1_STRING_type(serial) != V_ASN1_INTEGER) is_key = false;
    for (int i = 0; is_key && i < length - 8; i++) certificate->issued = certificate->issued << 8 | bytes[i];
    certificate->is_valid_now =
        X509_cmp_current_time(X509_get0_notBefore(x509)) < 0 && X509_cmp_current_time(X509_get0_notAfter(x509)) > 0;
    X509_free(x509);
    return is_key ? CERTIFICATE_OF_MACHINE : CERTIFICATE_OF_NO_MACHINE;
}
