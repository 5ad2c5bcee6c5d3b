namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// A locked file that tells other processes that this one lives. The operating system releases the lock when the process dies,
/// however it dies, so its partitions can be taken over at once instead of after the lease.
/// </summary>
internal sealed class ProcessMark : IDisposable
{
    private readonly string _path;
    private readonly FileStream _file;

    public ProcessMark(string folder, string name)
    {
        Name = name;
        _path = PathOf(Directory.CreateDirectory(Path.Combine(folder, "members")).FullName, name);
        _file = new FileStream(_path, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
    }

    public string Name { get; }

    public static bool IsDead(string folder, string name)
    {
        try
        {
            var path = PathOf(Path.Combine(folder, "members"), name);
            using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
                File.Delete(path);
            }

            return true;
        }
        catch (FileNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            // Locked: it lives.
            return false;
        }
    }

    public void Dispose()
    {
        File.Delete(_path);
        _file.Dispose();
    }

    private static string PathOf(string members, string name) => Path.Combine(members, name + ".lock");
}
