import HTTPTypes
import Hummingbird

extension RouterMethods {
    /// Says so where another method is used on a path.
    func only(_ allowed: HTTPRequest.Method..., path: RouterPath) {
        let text = allowed.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] }.joined(separator: ", ")
        for method: HTTPRequest.Method in [.get, .put, .post, .patch, .delete, .options]
        where !allowed.contains(method) && !(method == .get && allowed.contains(.head)) {
            on(path, method: method) { request, _ in
                var response = try Problem(
                    .methodNotAllowed, "\(request.method) means nothing here. This address takes \(text)."
                ).response
                response.headers[.allow] = text
                return response
            }
        }
    }
}
