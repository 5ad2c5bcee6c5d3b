using System.Collections;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace MlSystem.Registry.Mlflow;

/// <summary>
/// A request message: from the query string of a GET (or of a DELETE without a body), else from the JSON body; fields that the path
/// names come from there. Unknown fields are ignored, as MLflow does.
/// </summary>
internal sealed record MlflowRequest<T>(T Message)
    where T : class
{
    public static async ValueTask<MlflowRequest<T>> BindAsync(HttpContext context)
    {
        var type = (JsonTypeInfo<T>)MlflowJson.Default.GetTypeInfo(typeof(T))!;
        var request = context.Request;
        var fromQuery = HttpMethods.IsGet(request.Method) || (HttpMethods.IsDelete(request.Method) && request.ContentLength is null or 0);
        var routed = type.Properties.Where(p => request.RouteValues.ContainsKey(p.Name)).Select(p => p.Name).ToList();
        var message = fromQuery ? MlflowBody.Read(WithRoute(FromQuery(request.Query, type), request, routed), type)
            : routed.Count > 0 ? MlflowBody.Read(WithRoute(await ObjectAsync(context), request, routed), type)
            : await MlflowBody.ReadAsync(request.BodyReader, type, context.RequestAborted);
        return new(message ?? throw MlflowError.Invalid("The request body must be a JSON object."));
    }

    private static async Task<JsonObject> ObjectAsync(HttpContext context) =>
        context.Request.ContentLength == 0 ? []
        : await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject
            ?? throw MlflowError.Invalid("The request body must be a JSON object.");

    private static JsonObject WithRoute(JsonObject message, HttpRequest request, List<string> names)
    {
        foreach (var name in names)
        {
            // The server leaves encoded slashes in paths as they are.
            message[name] = ((string?)request.RouteValues[name])?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        }

        return message;
    }

    private static JsonObject FromQuery(IQueryCollection query, JsonTypeInfo<T> type)
    {
        var message = new JsonObject();
        foreach (var property in type.Properties)
        {
            if (query.TryGetValue(property.Name, out var values) && values.Count > 0)
            {
                var isList = property.PropertyType != typeof(string) && property.PropertyType.IsAssignableTo(typeof(IEnumerable));
                message[property.Name] = isList ? new JsonArray([.. values.Select(v => (JsonNode?)v)]) : values[^1];
            }
        }

        return message;
    }
}

/// <summary>Checks of single request fields.</summary>
internal static class Require
{
    /// <summary>The value, or MLflow's refusal for an absent one.</summary>
    public static string Text(string? value, string field) =>
        string.IsNullOrEmpty(value)
            ? throw MlflowError.Invalid($"Missing value for required parameter '{field}'.")
            : value;

    public static T Value<T>(T? value, string field)
        where T : struct =>
        value ?? throw MlflowError.Invalid($"Missing value for required parameter '{field}'.");

    /// <summary>The page size, or <paramref name="byDefault"/> when the request names none.</summary>
    public static int PageSize(long? value, int byDefault, int max) =>
        value is null ? byDefault
        : value >= 1 && value <= max ? (int)value
        : throw MlflowError.Invalid($"Invalid value {value} for parameter 'max_results' supplied: it must be between 1 and {max}.");
}
