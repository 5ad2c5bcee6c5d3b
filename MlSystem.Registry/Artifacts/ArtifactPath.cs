using System.Text;
using System.Text.RegularExpressions;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Tracking;

namespace MlSystem.Registry.Artifacts;

/// <summary>Paths in the artifact tree: relative, forward slashes, nothing that another system could read as something else.</summary>
internal static partial class ArtifactPath
{
    private const int MaxBytes = 1024;
    private const int MaxSegmentBytes = 255;

    /// <summary>The path without a trailing slash; the empty path is the root and only allowed where <paramref name="allowRoot"/> says so.</summary>
    public static string Checked(string? path, bool allowRoot = false)
    {
        var value = path ?? "";
        value = value.EndsWith('/') ? value[..^1] : value;
        return value.Length == 0 && allowRoot ? ""
            : Problem(value) is { } problem ? throw MlflowError.Invalid($"Invalid path: {problem}.")
            : value;
    }

    /// <summary>The path of a URI such as <c>mlflow-artifacts:/1/abc/artifacts/model</c>; null when the URI names another store.</summary>
    public static string? FromUri(string uri)
    {
        var scheme = ExperimentStore.ArtifactRoot[..^1];
        if (!uri.StartsWith(scheme, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = uri[scheme.Length..];
        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            var slash = rest.IndexOf('/', 2);
            rest = slash < 0 ? "" : rest[slash..];
        }

        // MLflow takes several slashes for one in a URI.
        return Checked(string.Join('/', rest.Split('/', StringSplitOptions.RemoveEmptyEntries)));
    }

    public static string Join(string folder, string path) => folder.Length == 0 ? path : path.Length == 0 ? folder : $"{folder}/{path}";

    public static string FolderOf(string path) => path.LastIndexOf('/') is var slash && slash < 0 ? "" : path[..slash];

    public static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>The folders above a path, outermost first, without the root.</summary>
    public static IEnumerable<string> FoldersAbove(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            yield return path[..slash];
        }
    }

    private static string? Problem(string path) =>
        path.Length == 0 ? "it is empty"
        : path.StartsWith('/') || DrivePattern().IsMatch(path) ? "it is absolute; give it relative to the artifact root"
        : path.Contains('\\', StringComparison.Ordinal) ? "it contains a backslash; use '/'"
        : EncodedSlashPattern().IsMatch(path) ? "it contains an encoded slash or dot"
        : Encoding.UTF8.GetByteCount(path) > MaxBytes ? $"it is longer than {MaxBytes} bytes"
        : path.Split('/').Any(segment => segment is "" or "." or "..") ? "'.', '..' and empty segments are not allowed"
        : path.Split('/').Any(segment => Encoding.UTF8.GetByteCount(segment) > MaxSegmentBytes) ? $"a segment is longer than {MaxSegmentBytes} bytes"
        : VisibleText.Problem(path);

    [GeneratedRegex("^[A-Za-z]:", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DrivePattern();

    [GeneratedRegex("%(2[fF]|5[cC]|2[eE])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EncodedSlashPattern();
}
