namespace MlSystem.Registry.Search;

/// <summary>One comparison of a filter; clauses are joined by AND.</summary>
/// <param name="Scope">What is compared.</param>
/// <param name="Key">The attribute's, tag's, parameter's or metric's name.</param>
/// <param name="Operator">How.</param>
/// <param name="Values">One value, several for IN and NOT IN, none for IS NULL and IS NOT NULL; numbers in their written form.</param>
/// <param name="IsNumber">Whether the value was written as a number.</param>
internal sealed record FilterClause(FilterScope Scope, string Key, FilterOperator Operator, IReadOnlyList<string> Values, bool IsNumber)
{
    /// <summary>Whether it asks for what has no such param or tag.</summary>
    public bool IsAbsence => Operator == FilterOperator.IsNull;

    /// <summary>Whether it asks if there is such a param or tag, whatever its value.</summary>
    public bool AsksForPresence => Operator is FilterOperator.IsNull or FilterOperator.IsNotNull;
}

internal enum FilterScope
{
    Attribute,
    Tag,
    Param,
    Metric,
    Dataset,
}

internal enum FilterOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    ILike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

/// <summary>One key of an ordering.</summary>
internal sealed record OrderClause(FilterScope Scope, string Key, bool Descending);
