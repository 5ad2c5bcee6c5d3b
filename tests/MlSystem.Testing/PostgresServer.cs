using System.Globalization;
using Npgsql;

namespace MlSystem.Testing;

/// <summary>A PostgreSQL server of its own on a free loopback port, from the machine's own packages.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private ServerProcess? _server;
    private int _port;
    private int _databases;

    /// <summary>Why there is none here, or null when it can be started.</summary>
    public static string? Missing { get; } =
        Programs.Find("initdb") is null || Programs.Find("postgres") is null ? "PostgreSQL is not installed (Debian package postgresql)"
        : Environment.UserName == "root" && Programs.Find("runuser") is null ? "PostgreSQL refuses to run as root and runuser is not installed"
        : null;

    /// <summary>The server's first process; those of its connections are its children.</summary>
    public int ProcessId => int.Parse(File.ReadLines(Path.Combine(_folder["data"], "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <param name="durable">Whether a commit waits for the disk, as it does by default outside of tests.</param>
    public static async Task<PostgresServer> StartAsync(bool durable = false)
    {
        var postgres = new PostgresServer();
        await postgres.StartServerAsync(durable);
        return postgres;
    }

    /// <summary>Creates an empty database and returns its connection string in the form that Aspire injects.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync($"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Refuses new connections to a database that <see cref="CreateDatabaseAsync"/> made, or takes them again.</summary>
    public Task AllowConnectionsAsync(string connection, bool allow) =>
        ExecuteAsync($"ALTER DATABASE {new NpgsqlConnectionStringBuilder(connection).Database} WITH ALLOW_CONNECTIONS {allow}");

    /// <summary>The connection string of a database that does not exist.</summary>
    public string MissingDatabase() => ConnectionString("missing");

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private string ConnectionString(string database) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=postgres;Password=postgres;Database={database}");

    private async Task StartServerAsync(bool durable)
    {
        var data = _folder["data"];
        if (!OperatingSystem.IsWindows() && Environment.UserName == "root")
        {
            File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_111_111);
        }

        await using (var init = Run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C"))
        {
            await init.WaitForExitAsync(CancellationToken.None);
            if (init.ExitCode != 0)
            {
                throw new InvalidOperationException("initdb failed:\n" + string.Join('\n', init.Output));
            }
        }

        // A port that was free may be another program's by now.
        for (var attempt = 1; !await TryListenAsync(data, durable, last: attempt == 3); attempt++)
        {
        }
    }

    private async Task<bool> TryListenAsync(string data, bool durable, bool last)
    {
        _port = FreePort.Next();
        _server = Run(
            "postgres", "-D", data, "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture),
            "-k", _folder.Path, "-c", durable ? "fsync=on" : "fsync=off", "-c", "max_connections=200");
        try
        {
            await _server.WaitUntilAsync(CanConnectAsync, TimeSpan.FromSeconds(60));
            return true;
        }
        catch (InvalidOperationException) when (_server.HasExited && !last)
        {
            await _server.DisposeAsync();
            return false;
        }
    }

    private async Task<bool> CanConnectAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SHOW data_directory", connection);
        return string.Equals((string?)await command.ExecuteScalarAsync(cancellationToken), _folder["data"], StringComparison.Ordinal);
    }

    /// <summary>As root the server runs as the package's own user, because PostgreSQL refuses to run as root.</summary>
    private static ServerProcess Run(string program, params string[] arguments)
    {
        var path = Programs.Find(program)!;
        return Environment.UserName == "root"
            ? ServerProcess.Start(Programs.Find("runuser")!, ["-u", "postgres", "--", path, .. arguments], workingDirectory: Path.GetTempPath())
            : ServerProcess.Start(path, arguments);
    }
}
