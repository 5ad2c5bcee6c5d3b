namespace MlSystem.FeatureStore.Definitions;

/// <summary>Where rows come from.</summary>
public sealed record SourceDefinition : INamedDefinition
{
    public string Name { get; set; } = "";

    /// <summary>One of <see cref="SourceKind"/>.</summary>
    public string Kind { get; set; } = "";

    public string? Description { get; set; }

    public string? Owner { get; set; }

    public IReadOnlyDictionary<string, string>? Tags { get; set; }

    /// <summary><c>file</c>: a CSV or Parquet file, relative to the folder of option <c>Features:FileSourceDirectory</c>.</summary>
    public string? Path { get; set; }

    /// <summary><c>file</c>: <c>csv</c> or <c>parquet</c>; absent: by the path's extension.</summary>
    public string? Format { get; set; }

    /// <summary><c>table</c>: a table or view of the database, with or without its schema (<c>public.trips</c>). Either this or <see cref="Query"/>.</summary>
    public string? Table { get; set; }

    /// <summary><c>table</c>: one SELECT statement without a semicolon.</summary>
    public string? Query { get; set; }

    /// <summary><c>table</c>: name of the connection string (<c>ConnectionStrings:{name}</c>) of a PostgreSQL database or a SQLite file.</summary>
    public string? Connection { get; set; }

    /// <summary><c>topic</c>: a topic of the event log whose events are JSON objects.</summary>
    public string? Topic { get; set; }

    /// <summary><c>topic</c> and <c>request</c>: the columns of the source, all that it has.</summary>
    public IReadOnlyList<SourceColumnDefinition>? Columns { get; set; }

    /// <summary><c>topic</c>: a BOOL expression over the columns; events where it is false or null are left out.</summary>
    public string? Filter { get; set; }
}

/// <summary>A column of a topic or of a request.</summary>
public sealed record SourceColumnDefinition
{
    public string Name { get; set; } = "";

    public string Datatype { get; set; } = "";

    public string? Description { get; set; }

    /// <summary>Topics: where the value stands in the event, member names separated by dots (<c>payload.user.id</c>); absent: the column's name.</summary>
    public string? Field { get; set; }

    /// <summary>Topics, TIMESTAMP columns: the unit of a time that is a number since 1970-01-01T00:00:00Z, one of <see cref="TimeUnits"/>; absent: times are RFC 3339 text.</summary>
    public string? Unit { get; set; }

    public static IReadOnlyList<string> TimeUnits { get; } = ["seconds", "milliseconds", "microseconds"];
}

/// <summary>Kinds of source.</summary>
public static class SourceKind
{
    /// <summary>Rows are pushed through <c>POST /push</c>.</summary>
    public const string Push = "push";

    /// <summary>Rows are read from a CSV or Parquet file on request.</summary>
    public const string File = "file";

    /// <summary>Rows are read from a database table or query on request, by a range of event times.</summary>
    public const string Table = "table";

    /// <summary>Rows are events of a topic of the event log and are taken in as they come.</summary>
    public const string Topic = "topic";

    /// <summary>Columns that come with the request; only on-demand feature views use it.</summary>
    public const string Request = "request";

    public static IReadOnlyList<string> All { get; } = [Push, File, Table, Topic, Request];
}
