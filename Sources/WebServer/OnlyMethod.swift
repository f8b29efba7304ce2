import HTTPTypes
import Hummingbird

extension RouterMethods {
    /// Says so where another method is used on a path.
    func only(_ allowed: HTTPRequest.Method, _ path: RouterPath) {
        let text = allowed == .get ? "GET, HEAD" : allowed.rawValue
        for method: HTTPRequest.Method in [.get, .put, .post, .patch, .delete, .options] where method != allowed {
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
