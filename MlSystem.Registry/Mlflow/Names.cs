using System.Globalization;
using System.Text.RegularExpressions;

namespace MlSystem.Registry.Mlflow;

/// <summary>Which names and values are accepted.</summary>
internal static partial class Names
{
    public const int MaxKeyLength = 250;
    public const int MaxNameLength = 256;
    public const int MaxParamLength = 6000;
    public const int MaxTagLength = 8000;

    /// <summary>Why a model's, endpoint's or experiment's name is refused; null when it is fine.</summary>
    public static string? Problem(string name) =>
        name.Length is 0 or > MaxNameLength ? $"it must have 1 to {MaxNameLength} characters"
        : name is "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains(':', StringComparison.Ordinal) ? "it must not contain '/' or ':' nor be '.' or '..'"
        : name.Trim() != name ? "it must not begin or end with white space"
        : VisibleText.Problem(name);

    public static string Checked(string? name, string what)
    {
        var value = Require.Text(name, "name");
        return Problem(value) is { } problem ? throw MlflowError.Invalid($"Invalid {what} name '{value}': {problem}.") : value;
    }

    /// <summary>Checks the key of a parameter, metric or tag (MLflow's rule).</summary>
    public static string Key(string? key, string what)
    {
        var value = Require.Text(key, "key");
        return value.Length > MaxKeyLength ? throw MlflowError.Invalid($"{what} key has {value.Length} characters; at most {MaxKeyLength} are allowed.")
            : !KeyPattern().IsMatch(value) ? throw MlflowError.Invalid($"Invalid {what} name: '{value}'. Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and slashes (/).")
            : VisibleText.Problem(value) is { } problem ? throw MlflowError.Invalid($"Invalid {what} name: '{value}': {problem}.")
            : value.Split('/').Any(part => part is "" or "." or "..") ? throw MlflowError.Invalid($"Invalid {what} name: '{value}'. Names must be unique when read as a path; '', '.' and '..' are no path segments.")
            : value;
    }

    public static string TagValue(string? value, string key) => Limited(value, key, "tag", MaxTagLength);

    public static string ParamValue(string? value, string key) => Limited(value, key, "param", MaxParamLength);

    public static string Alias(string? alias)
    {
        var value = Require.Text(alias, "alias");
        return value.Length > MaxNameLength || !AliasPattern().IsMatch(value) ? throw MlflowError.Invalid($"Invalid alias name: '{value}'. Allowed are up to {MaxNameLength} alphanumerics, underscores and dashes.")
            : VisibleText.Problem(value) is { } problem ? throw MlflowError.Invalid($"Invalid alias name: '{value}': {problem}.")
            : value.Equals("latest", StringComparison.OrdinalIgnoreCase) || VersionLikePattern().IsMatch(value) ? throw MlflowError.Invalid($"The alias name '{value}' is reserved.")
            : value;
    }

    public static int Version(string? version)
    {
        var value = Require.Text(version, "version");
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw MlflowError.Invalid($"Parameter 'version' must be a positive integer, got '{value}'.");
    }

    private static string Limited(string? value, string key, string what, int limit) =>
        (value ?? "").Length <= limit && value?.Contains('\0', StringComparison.Ordinal) != true
            ? value ?? ""
            : throw MlflowError.Invalid($"The value of {what} '{key}' has {value!.Length} characters; at most {limit}, none of them NUL, are allowed.");

    [GeneratedRegex(@"^[\w/.\- :]+\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"^[\w\-]+\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AliasPattern();

    [GeneratedRegex(@"^[vV]\d+\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionLikePattern();
}
