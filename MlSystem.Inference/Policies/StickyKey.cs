namespace MlSystem.Inference.Policies;

/// <summary>Where a sticky policy finds what keeps a caller on its variant.</summary>
public enum KeyPlace
{
    /// <summary>HTTP header, or gRPC metadata.</summary>
    Header,

    /// <summary>Cookie, or a cookie in the gRPC metadata <c>cookie</c>.</summary>
    Cookie,

    /// <summary>Model input or join key.</summary>
    Input,
}

/// <summary>A sticky policy's <c>key</c>: <c>header:{name}</c>, <c>cookie:{name}</c>, <c>input:{name}</c>; a name alone is an input.</summary>
public sealed record StickyKey(KeyPlace Place, string Name)
{
    public static StickyKey Parse(string key) =>
        Part(key, "header:") is { } header ? new StickyKey(KeyPlace.Header, header)
        : Part(key, "cookie:") is { } cookie ? new StickyKey(KeyPlace.Cookie, cookie)
        : new StickyKey(KeyPlace.Input, Part(key, "input:") ?? key);

    private static string? Part(string key, string place) => key.StartsWith(place, StringComparison.Ordinal) ? key[place.Length..] : null;
}
