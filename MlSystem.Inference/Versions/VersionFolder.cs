using System.Runtime.InteropServices;
using MlSystem.Contracts;
using MlSystem.Inference.Runtimes;

namespace MlSystem.Inference.Versions;

/// <summary>
/// The files of one loaded version under their own names, so that a model finds those it refers to (ONNX external data). They are
/// hard links into the cache: ONNX Runtime refuses symbolic links that lead out of the model's folder. Gone when disposed.
/// </summary>
internal sealed class VersionFolder : IDisposable
{
    private readonly Action _release;

    private VersionFolder(string path, Action release) => (Path, _release) = (path, release);

    public string Path { get; }

    /// <summary>Name in the version → path.</summary>
    public required IReadOnlyDictionary<string, string> Files { get; init; }

    /// <param name="files">Path in the version, path in the cache.</param>
    /// <param name="release">Called when the files are not in use any more.</param>
    public static VersionFolder Make(string parent, IEnumerable<(string Name, string Source)> files, Action release)
    {
        var path = Directory.CreateDirectory(System.IO.Path.Combine(parent, System.IO.Path.GetRandomFileName())).FullName;
        try
        {
            var named = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (name, source) in files)
            {
                var target = System.IO.Path.Combine(path, name);
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
                LinkOrCopy(source, target);
                named[name] = target;
            }

            return new VersionFolder(path, release) { Files = named };
        }
        catch
        {
            Directory.Delete(path, recursive: true);
            throw;
        }
    }

    /// <summary>Refuses paths that would lead out of the folder or have two names.</summary>
    /// <exception cref="ModelRefusedException">A path is not a plain relative one.</exception>
    public static void Check(ModelManifest manifest)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in manifest.Files)
        {
            var parts = file.Path.Split('/');
            if (file.Path.AsSpan().IndexOfAny('\\', ':', '\0') >= 0 || parts.Any(part => part is "" or "." or ".."))
            {
                throw new ModelRefusedException($"the manifest names '{file.Path}', which is not a plain path inside the version's folder");
            }

            if (!seen.Add(file.Path))
            {
                throw new ModelRefusedException($"the manifest names '{file.Path}' twice");
            }
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }

        _release();
    }

    private static void LinkOrCopy(string source, string target)
    {
        if (OperatingSystem.IsWindows() || Link(source, target) != 0)
        {
            File.Copy(source, target);
        }
    }

    [DllImport("libc", EntryPoint = "link", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(string source, string target);
}
