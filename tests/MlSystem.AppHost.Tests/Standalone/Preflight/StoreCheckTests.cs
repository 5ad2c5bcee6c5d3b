using Microsoft.Data.Sqlite;
using MlSystem.AppHost.Standalone;
using MlSystem.AppHost.Standalone.Preflight;
using MlSystem.Testing;

namespace MlSystem.AppHost.Tests.Standalone.Preflight;

public sealed class StoreCheckTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Sound_files_pass_also_empty_ones_and_none()
    {
        StoreCheck.EnsureSound(_folder.Path);
        Create("a.db");
        File.WriteAllBytes(_folder["empty.db"], []);
        File.WriteAllText(_folder["other.txt"], "not a database");

        StoreCheck.EnsureSound(_folder.Path);
    }

    [Fact]
    public void What_a_killed_writer_leaves_passes_and_keeps_its_rows()
    {
        using var writer = Open("live.db");
        Execute(writer, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)");
        Directory.CreateDirectory(_folder["killed"]);
        foreach (var part in new[] { "live.db", "live.db-wal" })
        {
            File.Copy(_folder[part], Path.Combine(_folder["killed"], part));
        }

        StoreCheck.EnsureSound(_folder["killed"]);

        using var reader = Open(Path.Combine("killed", "live.db"));
        Assert.Equal(2L, Execute(reader, "SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData("header")]
    [InlineData("truncated")]
    [InlineData("page")]
    public void Damage_is_named_and_left_alone(string kind)
    {
        Create("metadata.db");
        var bytes = File.ReadAllBytes(_folder["metadata.db"]);
        byte[] damaged = kind switch
        {
            "header" => [.. "garbage!garbage!"u8, .. bytes.AsSpan(16)],
            "truncated" => bytes[..(bytes.Length / 2)],
            _ => [.. bytes.AsSpan(0, 4096), .. Enumerable.Repeat((byte)0xA5, 4096), .. bytes.AsSpan(8192)],
        };
        File.WriteAllBytes(_folder["metadata.db"], damaged);

        var refused = Assert.Throws<StartRefusedException>(() => StoreCheck.EnsureSound(_folder.Path));

        Assert.StartsWith($"the database file {_folder["metadata.db"]} is damaged (", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(damaged, File.ReadAllBytes(_folder["metadata.db"]));
    }

    public void Dispose() => _folder.Dispose();

    private void Create(string name)
    {
        using var connection = Open(name);
        Execute(connection, """
            CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 'row ' || i FROM n
            """);
    }

    private SqliteConnection Open(string name)
    {
        var connection = new SqliteConnection($"Data Source={_folder[name]};Pooling=False");
        connection.Open();
        return connection;
    }

    private static object? Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
