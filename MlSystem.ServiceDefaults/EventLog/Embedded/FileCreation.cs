namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>Makes a database file as a whole or not at all: under another name first, then linked, so that several processes may try at once.</summary>
internal static class FileCreation
{
    public static void Ensure(string path, Action<SqliteDatabase> create)
    {
        if (File.Exists(path))
        {
            return;
        }

        var temporary = path + "." + Path.GetRandomFileName() + ".new";
        using (var database = SqliteDatabase.Open(temporary, create: true))
        {
            // 8 KiB pages hold about 25 events of 256 bytes and lower the WAL's overhead a row.
            database.Execute("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
            database.Write(() => create(database));
        }

        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first: its file counts.
            File.Delete(temporary);
        }
    }
}
