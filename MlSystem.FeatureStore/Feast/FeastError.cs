using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlSystem.FeatureStore.Feast;

/// <summary>A refusal in the form of Feast's feature server: <c>{"detail": "…"}</c>, or <c>{"detail": [{type, loc, msg}, …]}</c> for mistakes in the body.</summary>
public sealed class FeastException : Exception
{
    public FeastException(int status, string message) : base(message) => Status = status;

    public FeastException(IReadOnlyList<FeastIssue> issues) : base(string.Join("; ", issues.Select(issue => issue.Msg)))
    {
        Status = StatusCodes.Status422UnprocessableEntity;
        Issues = issues;
    }

    public int Status { get; }

    /// <summary>Mistakes in the body, each with its place.</summary>
    public IReadOnlyList<FeastIssue>? Issues { get; }

    public static FeastException NotFound(string message) => new(StatusCodes.Status404NotFound, message);
}

/// <summary>One mistake in a body.</summary>
/// <param name="Loc">Where: names and positions from the outside in, the first is <c>body</c>.</param>
public sealed record FeastIssue(string Type, IReadOnlyList<JsonElement> Loc, string Msg)
{
    /// <param name="path">Names (text) and positions (numbers) below <c>body</c>.</param>
    public static FeastIssue At(string type, string message, params ReadOnlySpan<object> path)
    {
        var loc = new List<JsonElement> { JsonSerializer.SerializeToElement("body", FeastJson.Default.String) };
        foreach (var part in path)
        {
            loc.Add(part is int position
                ? JsonSerializer.SerializeToElement(position, FeastJson.Default.Int32)
                : JsonSerializer.SerializeToElement((string)part, FeastJson.Default.String));
        }

        return new FeastIssue(type, loc, message);
    }
}

/// <summary>A refusal's body.</summary>
public sealed record FeastDetail(string Detail);

/// <summary>A refusal's body with every mistake.</summary>
public sealed record FeastIssues(IReadOnlyList<FeastIssue> Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(FeastDetail))]
[JsonSerializable(typeof(FeastIssues))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(int))]
public sealed partial class FeastJson : JsonSerializerContext
{
    /// <summary>Text as it is, like the Python server: only what JSON requires is escaped.</summary>
    public static FeastJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower });
}
