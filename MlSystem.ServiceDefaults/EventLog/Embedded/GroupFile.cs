namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// Consumer groups of one topic: <c>eventlog/{topic}.groups.db</c>, apart from the events so that commits don't wait for
/// appends. Its commits survive a killed process; after a power cut the last ones may be missing, which only delivers again.
/// </summary>
internal static class GroupFile
{
    private const int Version = 1;

    public static SqliteDatabase Open(string folder, string topic)
    {
        var path = Path.Combine(folder, topic + ".groups.db");
        FileCreation.Ensure(path, Create);
        var database = SqliteDatabase.Open(path);
        try
        {
            if (database.Scalar("PRAGMA user_version") != Version)
            {
                throw new EventLogCorruptException(path, "unknown format");
            }

            database.Execute("PRAGMA synchronous=NORMAL");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static void Create(SqliteDatabase database)
    {
        database.Execute("CREATE TABLE members(grp TEXT NOT NULL, member TEXT NOT NULL, process TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY(grp, member)) WITHOUT ROWID");
        database.Execute("CREATE TABLE partitions(grp TEXT NOT NULL, partition INTEGER NOT NULL, committed INTEGER, member TEXT, generation INTEGER NOT NULL, PRIMARY KEY(grp, partition)) WITHOUT ROWID");
        database.Execute("PRAGMA user_version=1");
    }
}
