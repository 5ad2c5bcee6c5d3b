using System.Globalization;

namespace MlSystem.ServiceDefaults.EventLog.Embedded;

/// <summary>
/// The events of one topic: <c>eventlog/{topic}.events.db</c>. One table a partition, so that every append goes to the end of
/// a B-tree and every read is a range of it; <c>partitions</c> holds each one's next offset, last time and bytes.
/// </summary>
internal static class TopicFile
{
    public const string Suffix = ".events.db";
    private const int Version = 1;

    public static string Path(string folder, string topic) => System.IO.Path.Combine(folder, topic + Suffix);

    /// <summary>Opens the file, made on first use with <paramref name="partitions"/> partitions.</summary>
    public static SqliteDatabase Open(string folder, string topic, int partitions)
    {
        var path = Path(folder, topic);
        FileCreation.Ensure(path, database => Create(database, partitions));
        var database = SqliteDatabase.Open(path);
        try
        {
            var version = database.Scalar("PRAGMA user_version");
            if (version != Version)
            {
                throw new EventLogCorruptException(path, string.Create(CultureInfo.InvariantCulture, $"format {version} instead of {Version}"));
            }

            database.Execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static void Create(SqliteDatabase database, int partitions)
    {
        database.Execute("CREATE TABLE partitions(id INTEGER PRIMARY KEY, next INTEGER NOT NULL, time INTEGER NOT NULL, bytes INTEGER NOT NULL)");
        for (var p = 0; p < partitions; p++)
        {
            var id = p.ToString(CultureInfo.InvariantCulture);
            database.Execute($"CREATE TABLE p{id}(offset INTEGER PRIMARY KEY, record BLOB NOT NULL)");
            database.Execute($"INSERT INTO partitions VALUES ({id}, 0, 0, 0)");
        }

        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={Version}"));
    }
}
